import { Screen } from '@/components/screen'

import { BuiltInTools } from './built-in-tools'
import { HttpTools } from './http/http-tools'
import { McpServers } from './mcp/mcp-servers'

/** What agents can be given beside what is built in. */
export function ToolsPage() {
  return (
    <Screen
      title="Tools"
      lead="What your agents can be given: requests to your own services, MCP servers, and what is built in."
    >
      <div className="space-y-8">
        <HttpTools />
        <McpServers />
        <BuiltInTools />
      </div>
    </Screen>
  )
}
