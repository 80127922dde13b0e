-- The fetchers' tables. The first version of `fetches` was never filled.
DROP TABLE fetches;

-- What is known of each source from its visits. Moments are ISO 8601, UTC.
CREATE TABLE sources (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  country TEXT NOT NULL,
  standing TEXT NOT NULL,
  documents TEXT NOT NULL,
  expected_per_day REAL NOT NULL,
  cursor TEXT NOT NULL DEFAULT '{}',
  last_try TEXT,
  last_success TEXT,
  last_error TEXT,
  error TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  listed INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX sources_kind ON sources(kind);
CREATE INDEX sources_country ON sources(country);
CREATE INDEX sources_standing ON sources(standing);

-- One row an address: what a source lists, whether it is still to be fetched, and its newest version.
CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  request TEXT NOT NULL,
  source TEXT NOT NULL REFERENCES sources(id),
  title TEXT NOT NULL,
  published TEXT,
  listed_at TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'kept', 'alias', 'lost')),
  due TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  etag TEXT NOT NULL DEFAULT '',
  last_modified TEXT NOT NULL DEFAULT '',
  fetched_at TEXT,
  content_type TEXT,
  sha256 TEXT,
  alias_of TEXT,
  document_id TEXT REFERENCES documents(id) ON DELETE SET NULL,
  read_sha256 TEXT,
  read_pipeline TEXT
);
CREATE INDEX pages_source ON pages(source, state, due);
CREATE INDEX pages_state ON pages(state);
CREATE INDEX pages_document_id ON pages(document_id);
CREATE INDEX pages_sha256 ON pages(sha256);

-- Every request and what came of it. `sha256` names the content in the archive.
CREATE TABLE fetches (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL,
  source TEXT NOT NULL REFERENCES sources(id),
  fetched_at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  asked TEXT NOT NULL,
  answered TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT,
  error TEXT,
  headers TEXT NOT NULL
);
CREATE INDEX fetches_url ON fetches(url, id);
CREATE INDEX fetches_source ON fetches(source, outcome, fetched_at);
CREATE INDEX fetches_outcome ON fetches(outcome);
CREATE INDEX fetches_sha256 ON fetches(sha256);

-- The versions of each page, oldest first.
CREATE VIEW page_versions AS
SELECT url, sha256, min(fetched_at) AS first_fetched, max(fetched_at) AS last_fetched, max(bytes) AS bytes
FROM fetches WHERE sha256 IS NOT NULL GROUP BY url, sha256 ORDER BY url, min(id);

-- Documents that tell nearly the same in nearly the same words, such as an agency's report in several papers.
CREATE TABLE near_duplicates (
  document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  other_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  similarity REAL NOT NULL,
  PRIMARY KEY (document_id, other_id)
) WITHOUT ROWID;
CREATE INDEX near_duplicates_other_id ON near_duplicates(other_id);

-- The MinHash of each document, whole and in bands: documents that share a band are compared.
CREATE TABLE document_signatures (
  document_id TEXT PRIMARY KEY NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  signature BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE document_bands (
  band INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  PRIMARY KEY (band, hash, document_id)
) WITHOUT ROWID;
CREATE INDEX document_bands_document_id ON document_bands(document_id);
