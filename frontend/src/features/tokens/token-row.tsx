import { Trash2Icon } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'

import { RelativeTime } from '@/components/times'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { Button } from '@/components/ui/button'
import { formatExact } from '@/lib/format'
import { useNow } from '@/lib/use-now'
import { toastProblem } from '@/lib/toast-problem'

import { useRevokeToken } from './queries'
import type { Token } from './queries'
import { SCOPES } from './token-schema'

export function TokenRow({ token }: { token: Token }) {
  return (
    <li className="flex items-start gap-4 px-4 py-3.5 sm:px-6">
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium wrap-anywhere">{token.name}</p>
        <p className="text-xs text-muted-foreground">
          <code className="font-mono">{token.prefix}…</code> ·{' '}
          {token.scopes.map((scope) => SCOPES[scope].label).join(', ')}
          {token.rate && <> · {token.rate}</>}
        </p>
        <p className="text-xs text-muted-foreground">
          {token.last_used_at ? (
            <>
              Last used <RelativeTime time={token.last_used_at} />
            </>
          ) : (
            'Never used'
          )}
          {' · '}
          <Expiry token={token} />
        </p>
      </div>
      <Revoke token={token} />
    </li>
  )
}

function Expiry({ token: { expires_at } }: { token: Token }) {
  const now = useNow()
  if (!expires_at) return 'does not expire'
  return Date.parse(expires_at) <= now ? (
    <span className="text-failed">expired {formatExact(expires_at)}</span>
  ) : (
    <>expires {formatExact(expires_at)}</>
  )
}

function Revoke({ token }: { token: Token }) {
  const [isOpen, setIsOpen] = useState(false)
  const revokeToken = useRevokeToken()
  return (
    <>
      <Button
        variant="outline"
        size="small"
        aria-label={`Revoke ${token.name}`}
        disabled={revokeToken.isPending}
        onClick={() => {
          setIsOpen(true)
        }}
      >
        <Trash2Icon />
        Revoke
      </Button>
      <AlertDialog
        open={isOpen}
        onOpenChange={setIsOpen}
        title={`Revoke ${token.name}?`}
        description="Programs that use it lose access immediately. This cannot be undone."
        action="Revoke"
        onAction={() => {
          revokeToken.mutate(
            { params: { path: { id: token.id } } },
            {
              onSuccess: () => toast.success(`${token.name} was revoked.`),
              onError: toastProblem,
            },
          )
        }}
      />
    </>
  )
}
