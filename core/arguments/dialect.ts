/** The one dialect of JSON Schema that we speak, 2020-12, by the name of its schema of schemas. */
export const schemaOfSchemas = 'https://json-schema.org/draft/2020-12/schema'
