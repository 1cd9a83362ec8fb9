export { ToolsPage as ToolsScreen } from '@/features/tools/tools-page'
