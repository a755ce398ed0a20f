"""Small pictures inside rows and pages, drawn without Altair."""
