import { Link } from '@tanstack/react-router'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'

/** Where whoever runs the server finds the way in; nobody else can. */
export function SetupNeeded() {
  return (
    <div className="space-y-3 text-sm">
      <p>
        The server printed the link when it started; you will find it in its
        log. To print it again, run this on the server:
      </p>
      <CodeBlock label="Command for the link" text="agentarium setup-link" />
      <p>Or create the first account there:</p>
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
        The link works only once. If you used it, sign in. If you do not know
        who did, run{' '}
        <code className="font-mono text-xs">
          agentarium createuser --admin NAME
        </code>{' '}
        on the server.
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
