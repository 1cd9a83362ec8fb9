import { toast } from 'sonner'

/** Show what the server says about the secrets that were saved. */
export function toastWarnings({ warnings }: { warnings: string[] }) {
  for (const warning of warnings) toast.warning(warning, { duration: 10_000 })
}
