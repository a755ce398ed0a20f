"""From numbers to tables, charts and pages; nothing here touches a file but the templates."""
