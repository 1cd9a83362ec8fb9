import { Link } from '@tanstack/react-router'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'

/** How the operator, and only the operator, gets the set-up link. */
export function SetupNeeded() {
  return (
    <div className="space-y-3 text-sm">
      <p>
        The server printed the link when it started. Look for it in the server’s
        log, or run this command on the server:
      </p>
      <CodeBlock label="Command for the link" text="agentarium setup-link" />
      <p>Or create the first account on the server:</p>
      <CodeBlock
        label="Command for the account"
        text="agentarium createuser --admin NAME"
      />
    </div>
  )
}

export function SetupUsed({
  isRegistrationOpen,
}: {
  isRegistrationOpen: boolean
}) {
  return (
    <div className="space-y-4 text-sm">
      <p>
        The link works only once. If you used it, sign in. If someone else did,
        run{' '}
        <code className="font-mono text-xs">
          agentarium createuser --admin NAME
        </code>{' '}
        on the server to create another administrator.
      </p>
      <Button asChild size="large" className="w-full">
        <Link to="/sign-in">Sign in</Link>
      </Button>
      {isRegistrationOpen && (
        <Button asChild variant="outline" size="large" className="w-full">
          <Link to="/register">Create an account</Link>
        </Button>
      )}
    </div>
  )
}
