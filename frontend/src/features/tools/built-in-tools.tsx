import { useQuery } from '@tanstack/react-query'
import { WrenchIcon } from 'lucide-react'

import { EmptyNote } from '@/components/card-list'
import { Section } from '@/components/section'

import { builtInToolsQuery } from './queries'
import { ToolFacts } from './tool-facts'
import { ToolList } from './tool-list'

/** The tools that every agent can have without a definition. */
export function BuiltInTools() {
  const { data, error, refetch } = useQuery(builtInToolsQuery())
  return (
    <Section title="Built in">
      <ToolList
        label="Built-in tools"
        rows={data?.results}
        error={error}
        onRetry={() => void refetch()}
        empty={
          <EmptyNote icon={WrenchIcon}>There are no built-in tools.</EmptyNote>
        }
      >
        {(tool) => (
          <li key={tool.name} className="flex px-4 py-3.5 sm:px-5">
            <ToolFacts
              name={tool.name}
              description={tool.description}
              effect={tool.effect}
              needsApproval={tool.needs_approval}
            />
          </li>
        )}
      </ToolList>
    </Section>
  )
}
