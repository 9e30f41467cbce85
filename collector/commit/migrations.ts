// The tables of the PostgreSQL store. A migration that was released never changes: a new one follows it.

/** In order; the number of a migration is its place, from 1. */
export const migrations: readonly string[] = [
  `CREATE TABLE hipaa_mcp_chains (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     origin text NOT NULL UNIQUE,
     vkey text NOT NULL,
     checkpoint text
   );
   CREATE TABLE hipaa_mcp_records (
     chain bigint NOT NULL REFERENCES hipaa_mcp_chains (id),
     idx bigint NOT NULL CHECK (idx >= 0),
     record bytea NOT NULL,
     PRIMARY KEY (chain, idx)
   );
   CREATE TABLE hipaa_mcp_keys (name text PRIMARY KEY, pem text NOT NULL);
   CREATE FUNCTION hipaa_mcp_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
     BEGIN RAISE EXCEPTION 'records of the trail are never changed or deleted'; END
   $body$;
   CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON hipaa_mcp_records
     FOR EACH ROW EXECUTE FUNCTION hipaa_mcp_append_only();
   CREATE TRIGGER never_truncated BEFORE TRUNCATE ON hipaa_mcp_records
     FOR EACH STATEMENT EXECUTE FUNCTION hipaa_mcp_append_only();`,
  'CREATE TABLE hipaa_mcp_notes (name text PRIMARY KEY, note text NOT NULL);',
  // `epoch` grows with each collector that takes the chain; whoever holds the newest one writes. `marked` dates `checkpoint`.
  `ALTER TABLE hipaa_mcp_chains ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
     ADD COLUMN marked timestamptz NOT NULL DEFAULT now();`,
]
