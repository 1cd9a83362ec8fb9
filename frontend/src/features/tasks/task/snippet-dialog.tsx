import { CodeBlock } from '@/components/code-block'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/components/ui/tabs'

import type { Task } from '../queries'
import { LANGUAGES, snippetOf } from './snippets'

type TaskDialogProps = { task: Task; onClose: () => void }

/** The same run, from a program. */
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
        title="Run this from a program"
        description="With an API token that may run tasks, in AGENTARIUM_TOKEN."
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
