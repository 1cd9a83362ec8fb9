import { CodeBlock } from '@/components/code-block'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/components/ui/tabs'

import type { Task } from '../queries'
import { LANGUAGES, snippetOf } from './snippets'

type TaskDialogProps = { task: Task; onClose: () => void }

/** Code that runs the same agent on the same input. */
export function SnippetDialog({ task, onClose }: TaskDialogProps) {
  const base = globalThis.location.origin
  return (
    <Dialog
      open
      onOpenChange={() => {
        onClose()
      }}
    >
      <DialogContent
        title="Run from code"
        description="Set AGENTARIUM_TOKEN to an API token with the Run scope."
        className="sm:max-w-2xl"
      >
        <Tabs defaultValue={LANGUAGES[0]} className="min-h-0 overflow-y-auto">
          <TabsList className="px-4 sm:px-5">
            {LANGUAGES.map((language) => (
              <TabsTrigger key={language} value={language}>
                {language}
              </TabsTrigger>
            ))}
          </TabsList>
          {LANGUAGES.map((language) => (
            <TabsContent key={language} value={language} className="p-4 sm:p-5">
              <CodeBlock
                label={language}
                text={snippetOf(language, {
                  base,
                  agent: task.agent,
                  text: task.input_text,
                })}
              />
            </TabsContent>
          ))}
        </Tabs>
      </DialogContent>
    </Dialog>
  )
}
