"""What all APIs share. Where to look:

- an error's status, code and body: `problems.py`; the errors: `core/exceptions.py`
- rate limits: `rate_limits.py` counts, `accounts/api/throttles.py` decides what is counted
- pages, page cursors and `count`: `pagination.py`; the condition in SQL: `db/keyset.py`
- filters, search and ordering of lists: `filters.py`
- who may access an object: the querysets' `visible_to`, then `permissions.py`
- the client's address, scheme and proxies: `client_address.py`, `request_scheme.py`
- whether a request comes from the server's own machine: `local_access.py`
- the OpenAPI schema: `schema.py`
"""
