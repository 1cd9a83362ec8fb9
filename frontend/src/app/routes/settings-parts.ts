/** The sections of the settings; the last one is for staff. The selected one is kept in the URL. */
export const SETTINGS = [
  'profile',
  'tokens',
  'models',
  'limits',
  'appearance',
  'data',
  'operations',
] as const
