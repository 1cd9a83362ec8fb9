import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import * as z from 'zod/mini'

import { App } from '@/app/app'

import './index.css'

// Compiled parsers need `eval`, which the Content-Security-Policy forbids.
z.config({ jitless: true })

const root = document.getElementById('root')
if (!root) throw new Error('The page has no root element.')

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
