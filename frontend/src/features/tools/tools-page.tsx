import { Screen } from '@/components/screen'

import { BuiltInTools } from './built-in-tools'
import { HttpTools } from './http/http-tools'
import { McpServers } from './mcp/mcp-servers'

/** The tools that agents can have. */
export function ToolsPage() {
  return (
    <Screen
      title="Tools"
      description="What your agents can call: your own services, MCP servers and built-in tools."
    >
      <div className="space-y-8">
        <HttpTools />
        <McpServers />
        <BuiltInTools />
      </div>
    </Screen>
  )
}
