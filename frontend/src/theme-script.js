// Runs before the first paint, so that the page never flashes in the other theme.
// src/lib/theme.ts writes the same key and the same attribute.
;(function () {
  try {
    var theme = localStorage.getItem('agentarium.theme')
    if (theme === 'light' || theme === 'dark') {
      document.documentElement.dataset.theme = theme
    }
  } catch {
    // Storage is blocked: the system's theme applies.
  }
})()
