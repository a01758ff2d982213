"""The pages in a real browser: Chromium, with axe looking at what people cannot see."""
