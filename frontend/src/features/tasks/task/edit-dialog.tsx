import { useNavigate } from '@tanstack/react-router'

import { Dialog, DialogContent } from '@/components/ui/dialog'

import type { Task } from '../queries'
import { RunBox } from '../run/run-box'

type EditDialogProps = { task: Task; onClose: () => void }

/** Runs the same agent on a changed input, as a new task. */
export function EditDialog({ task, onClose }: EditDialogProps) {
  const navigate = useNavigate()
  return (
    <Dialog
      open
      onOpenChange={() => {
        onClose()
      }}
    >
      <DialogContent
        title="Edit and run again"
        description={`This starts a new task of ${task.agent_name}. The current one is not changed.`}
        className="sm:max-w-2xl"
      >
        <div className="min-h-0 overflow-y-auto p-4 sm:p-5">
          <RunBox
            agent={task.agent}
            initialText={task.input_text}
            {...(task.follows ? { follows: task.follows } : {})}
            onRun={(next) => {
              onClose()
              const params = { taskId: String(next) }
              void navigate({ to: '/tasks/$taskId', params })
            }}
          />
        </div>
      </DialogContent>
    </Dialog>
  )
}
