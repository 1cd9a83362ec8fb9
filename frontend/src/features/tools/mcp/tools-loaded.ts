import { formatCount } from '@/lib/format'

import type { McpServer } from '../queries'

/** The sentence that confirms a refresh: "files: 3 tools loaded and accepted." */
export const toolsLoaded = ({ name, tools, has_changes }: McpServer) =>
  has_changes
    ? `${name}: its tools have changed. Review the changes.`
    : `${name}: ${formatCount(tools.length, 'tool')} loaded and accepted.`
