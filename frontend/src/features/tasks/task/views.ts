/** The views of a task. The selected one is kept in the URL. */
export const TASK_VIEWS = ['output', 'timeline', 'json'] as const
export type TaskView = (typeof TASK_VIEWS)[number]
