import { Link } from '@tanstack/react-router'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'

/** Where whoever runs the server finds the way in; nobody else can. */
export function SetupNeeded() {
  return (
    <div className="space-y-3 text-sm">
      <p>
        The server printed the link when it started: look into its log. On the
        server, this command prints it again:
      </p>
      <CodeBlock label="Command for the link" text="agentarium setup-link" />
      <p>Or make the first account there:</p>
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
        It works once. If it was you, sign in; if you do not know who it was,
        run{' '}
        <code className="font-mono text-xs">agentarium createuser --admin</code>{' '}
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
