import { formatCount } from '@/lib/format'

import type { McpServer } from '../queries'

/** The sentence that confirms a refresh: "files: 3 tools loaded." */
export const toolsLoaded = ({ name, tools }: McpServer) =>
  `${name}: ${formatCount(tools.length, 'tool')} loaded.`
