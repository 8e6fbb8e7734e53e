"""JSON Schema draft 2020-12, without anything of Cloudflare."""
