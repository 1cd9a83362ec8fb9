import {
  CircleAlertIcon,
  CircleCheckIcon,
  InfoIcon,
  LoaderCircleIcon,
} from 'lucide-react'
import { Toaster as Sonner } from 'sonner'

/** Shows the results of actions, in the page's own colours. */
export function Toaster() {
  return (
    <Sonner
      position="bottom-right"
      // The page's font instead of the library's.
      style={{ fontFamily: 'inherit' }}
      offset={20}
      mobileOffset={{ bottom: 76 }}
      closeButton={false}
      icons={{
        success: <CircleCheckIcon className="size-4 text-completed" />,
        error: <CircleAlertIcon className="size-4 text-failed" />,
        info: <InfoIcon className="size-4 text-running" />,
        loading: <LoaderCircleIcon className="size-4 animate-spin" />,
      }}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            'flex w-full items-center gap-3 rounded-xl border bg-popover p-4 text-sm text-foreground shadow-lg sm:w-90',
          content: 'min-w-0 flex-1',
          title: 'font-medium',
          description: 'text-muted-foreground',
          actionButton:
            'h-8 touch:h-10 shrink-0 rounded-lg border border-input px-2.5 text-[0.8125rem] font-medium hover:bg-accent',
        },
      }}
    />
  )
}
