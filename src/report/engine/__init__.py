"""What every report is made with: a page of blocks, its PDF and Markdown, tables as files, figures, citations."""
