type Answer = { text: string; delay: number; status?: number }

/** The agents of the demonstration, with their inputs. */
export const DEMO_AGENTS = [
  {
    name: 'Release notes writer',
    description: 'Writes notes for customers from the merged changes.',
    instructions:
      'You write release notes for customers.\nGroup by what they can do now.\nNo internal names.',
    inputs: ['Write the notes for version 4.2 from these 31 merged changes.'],
  },
  {
    name: 'Support triage',
    description: 'Sorts incoming tickets by urgency and by who can help.',
    instructions: 'You sort support tickets. Say how urgent each is, and why.',
    inputs: [
      'Customer cannot sign in since this morning, SSO returns an error 500.',
      'Feature request: export invoices as CSV.',
      'The nightly import failed twice. Is our data safe?',
    ],
  },
  {
    name: 'Log analyst',
    description: 'Finds what changed before an incident.',
    instructions: 'You read logs and tell what happened, in order.',
    inputs: [
      'Why did the checkout service restart at 03:12? Here are 400 lines.',
      'Summarise the warnings of last night by service.',
    ],
  },
]

/** The task with this input is still running when the screenshot is taken. */
export const SLOW_INPUT = 'Compare last week’s incidents with the week before.'

/** For this input the provider returns an error. */
export const REFUSED_INPUT = 'Translate the status page into Japanese.'

const NOTES = `## What is new in 4.2

- **Shared dashboards.** Give a link to anyone in your workspace; they see live numbers without an account of their own.
- **Faster exports.** Files of more than a gigabyte are ready in a third of the time.
- **Quiet hours.** Alerts wait until morning, unless you mark them urgent.

### Fixed

1. Dates in reports follow your time zone.
2. Long names no longer break the sidebar.

\`\`\`bash
acme upgrade --to 4.2
\`\`\``

const PLAIN =
  'The error began right after the certificate of the identity provider was renewed. **Urgent**: it affects every customer with single sign-on. Ask the platform team to reload the key set, then confirm with one sign-in.'

export function answerTo(input: string): Answer {
  if (input === SLOW_INPUT) return { text: NOTES.repeat(20), delay: 150 }
  if (input === REFUSED_INPUT) {
    return { text: 'The key was revoked.', delay: 0, status: 401 }
  }
  return { text: input.includes('notes') ? NOTES : PLAIN, delay: 4 }
}
