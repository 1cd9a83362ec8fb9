import { clsx } from 'clsx'
import type { ClassValue } from 'clsx'
import { twMerge } from 'tailwind-merge'

/** Class names, of which a later one wins over an earlier one of the same property. */
export function cn(...inputs: ClassValue[]) {
  return twMerge(clsx(inputs))
}
