"""Markdown, bounded and sanitised. The child process imports from here: no Django except in `render`, `rerender` and the tags."""
