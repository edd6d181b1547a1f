"""Task suites for textgym: what its environments ask, and how the answers are graded."""
