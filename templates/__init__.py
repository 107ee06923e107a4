"""The package `kale.templates`: Jinja2 templates of what Kale writes."""
