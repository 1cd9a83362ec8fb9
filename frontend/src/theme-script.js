// Runs before the first paint, so that a chosen theme never flashes the other one.
// The page's own code (src/lib/theme.ts) writes the same key and the same attribute.
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
