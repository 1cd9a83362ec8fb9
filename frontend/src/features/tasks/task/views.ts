/** The sides from which a task can be looked at. The chosen one lives in the URL. */
export const TASK_VIEWS = ['output', 'timeline', 'json'] as const
export type TaskView = (typeof TASK_VIEWS)[number]
