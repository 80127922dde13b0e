CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  command TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  counts TEXT
);

-- `number` is what full-text search points at: unlike a hidden rowid it survives VACUUM.
CREATE TABLE documents (
  id TEXT PRIMARY KEY NOT NULL,
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  published TEXT,
  kind TEXT NOT NULL,
  language TEXT NOT NULL,
  author TEXT NOT NULL,
  url TEXT NOT NULL,
  relevant INTEGER NOT NULL,
  text TEXT NOT NULL,
  origin TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  extraction_hash TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  number INTEGER NOT NULL UNIQUE,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  added_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX documents_published ON documents(published);
CREATE INDEX documents_source ON documents(source);
CREATE INDEX documents_kind ON documents(kind);
CREATE INDEX documents_language ON documents(language);
CREATE INDEX documents_relevant ON documents(relevant);
CREATE INDEX documents_run_id ON documents(run_id);

CREATE TABLE materials (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL);
CREATE TABLE countries (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL);
CREATE TABLE companies (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL);

-- AUTOINCREMENT: an id is never given twice. With one writer at a time ids are committed in their order, so that the
-- id of an event is also the cursor that alert scripts remember.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  summary TEXT NOT NULL,
  sentence TEXT NOT NULL,
  published TEXT,
  confidence REAL NOT NULL,
  document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  measure TEXT,
  status TEXT,
  direction TEXT,
  action TEXT,
  activity TEXT,
  kind TEXT,
  tonnes REAL,
  tonnes_low REAL,
  tonnes_high REAL,
  rate_pct REAL,
  change_pct REAL,
  share_pct REAL,
  days REAL,
  value_low REAL,
  value_high REAL,
  value_currency TEXT,
  value_per TEXT,
  period TEXT,
  period_start TEXT,
  announced TEXT,
  effective TEXT,
  until TEXT,
  date TEXT,
  reference TEXT,
  site TEXT REFERENCES countries(id),
  market TEXT REFERENCES countries(id),
  slots TEXT NOT NULL,
  cursor INTEGER GENERATED ALWAYS AS (id) VIRTUAL
);
CREATE INDEX events_document_id ON events(document_id);
CREATE INDEX events_published ON events(published);
CREATE INDEX events_confidence ON events(confidence);
-- Every view is one type: these serve its sort orders …
CREATE INDEX events_by_published ON events(type, published);
CREATE INDEX events_by_tonnes ON events(type, tonnes);
CREATE INDEX events_by_value ON events(type, value_low);
CREATE INDEX events_by_change ON events(type, change_pct);
CREATE INDEX events_by_period ON events(type, period_start);
CREATE INDEX events_by_confidence ON events(type, confidence);
CREATE INDEX events_by_announced ON events(type, announced);
CREATE INDEX events_by_effective ON events(type, effective);
CREATE INDEX events_by_until ON events(type, until);
CREATE INDEX events_by_date ON events(type, date);
-- … and these its facets.
CREATE INDEX events_by_measure ON events(type, measure) WHERE measure IS NOT NULL;
CREATE INDEX events_by_status ON events(type, status) WHERE status IS NOT NULL;
CREATE INDEX events_by_direction ON events(type, direction) WHERE direction IS NOT NULL;
CREATE INDEX events_by_action ON events(type, action) WHERE action IS NOT NULL;
CREATE INDEX events_by_activity ON events(type, activity) WHERE activity IS NOT NULL;
CREATE INDEX events_by_kind ON events(type, kind) WHERE kind IS NOT NULL;
CREATE INDEX events_by_currency ON events(type, value_currency) WHERE value_currency IS NOT NULL;
CREATE INDEX events_site ON events(site) WHERE site IS NOT NULL;
CREATE INDEX events_market ON events(market) WHERE market IS NOT NULL;

CREATE TABLE event_materials (
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  material TEXT NOT NULL REFERENCES materials(id),
  PRIMARY KEY (event_id, material)
) WITHOUT ROWID;
CREATE INDEX event_materials_material ON event_materials(material, event_id);

CREATE TABLE event_countries (
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  country TEXT NOT NULL REFERENCES countries(id),
  role TEXT NOT NULL,
  PRIMARY KEY (event_id, role, country)
) WITHOUT ROWID;
CREATE INDEX event_countries_country ON event_countries(country, event_id);
CREATE INDEX event_countries_role ON event_countries(role, country, event_id);

CREATE TABLE event_companies (
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  company TEXT NOT NULL REFERENCES companies(id),
  role TEXT NOT NULL,
  PRIMARY KEY (event_id, role, company)
) WITHOUT ROWID;
CREATE INDEX event_companies_company ON event_companies(company, event_id);
CREATE INDEX event_companies_role ON event_companies(role, company, event_id);

CREATE TABLE event_codes (
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  code TEXT NOT NULL,
  PRIMARY KEY (event_id, code)
) WITHOUT ROWID;
CREATE INDEX event_codes_code ON event_codes(code, event_id);

CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  slot TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX evidence_event_id ON evidence(event_id);
CREATE INDEX evidence_slot ON evidence(slot);

CREATE TABLE mentions (
  id INTEGER PRIMARY KEY,
  document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  entity TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  text TEXT NOT NULL,
  value TEXT
);
CREATE INDEX mentions_document_id ON mentions(document_id);
CREATE INDEX mentions_label ON mentions(label, entity);

CREATE TABLE problems (
  id INTEGER PRIMARY KEY,
  level TEXT NOT NULL,
  stage TEXT NOT NULL,
  source TEXT NOT NULL,
  message TEXT NOT NULL,
  document_id TEXT REFERENCES documents(id) ON DELETE CASCADE,
  run_id INTEGER NOT NULL REFERENCES runs(id)
);
CREATE UNIQUE INDEX problems_once ON problems(source, message, stage, level, coalesce(document_id, ''));
CREATE INDEX problems_document_id ON problems(document_id);
CREATE INDEX problems_run_id ON problems(run_id);
CREATE INDEX problems_level ON problems(level);
CREATE INDEX problems_stage ON problems(stage);

-- What was asked of the network and what came back; filled by the fetchers.
CREATE TABLE fetches (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  status INTEGER,
  bytes INTEGER,
  sha256 TEXT,
  document_id TEXT REFERENCES documents(id) ON DELETE SET NULL,
  run_id INTEGER REFERENCES runs(id)
);
CREATE INDEX fetches_url ON fetches(url);
CREATE INDEX fetches_document_id ON fetches(document_id);
CREATE INDEX fetches_run_id ON fetches(run_id);

-- Full-text search. `unicode61` sees a run of Chinese or Japanese as one word, so that text with such a run also
-- stands in a trigram table; the triggers keep all four in step.
CREATE VIRTUAL TABLE documents_fts USING fts5(
  title, text, content='documents', content_rowid='number', tokenize='porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE documents_cjk USING fts5(
  title, text, content='documents', content_rowid='number', tokenize='trigram');
CREATE VIRTUAL TABLE events_fts USING fts5(
  sentence, summary, content='events', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE events_cjk USING fts5(
  sentence, content='events', content_rowid='id', tokenize='trigram');

CREATE TRIGGER documents_fts_insert AFTER INSERT ON documents BEGIN
  INSERT INTO documents_fts(rowid, title, text) VALUES (new.number, new.title, new.text);
END;
CREATE TRIGGER documents_fts_delete AFTER DELETE ON documents BEGIN
  INSERT INTO documents_fts(documents_fts, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
END;
CREATE TRIGGER documents_fts_update AFTER UPDATE OF title, text ON documents
WHEN old.title IS NOT new.title OR old.text IS NOT new.text BEGIN
  INSERT INTO documents_fts(documents_fts, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
  INSERT INTO documents_fts(rowid, title, text) VALUES (new.number, new.title, new.text);
END;
CREATE TRIGGER documents_cjk_insert AFTER INSERT ON documents
WHEN new.title || new.text GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO documents_cjk(rowid, title, text) VALUES (new.number, new.title, new.text);
END;
CREATE TRIGGER documents_cjk_delete AFTER DELETE ON documents
WHEN old.title || old.text GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO documents_cjk(documents_cjk, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
END;
CREATE TRIGGER documents_cjk_update_old AFTER UPDATE OF title, text ON documents
WHEN (old.title IS NOT new.title OR old.text IS NOT new.text)
  AND old.title || old.text GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO documents_cjk(documents_cjk, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
END;
CREATE TRIGGER documents_cjk_update_new AFTER UPDATE OF title, text ON documents
WHEN (old.title IS NOT new.title OR old.text IS NOT new.text)
  AND new.title || new.text GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO documents_cjk(rowid, title, text) VALUES (new.number, new.title, new.text);
END;

CREATE TRIGGER events_fts_insert AFTER INSERT ON events BEGIN
  INSERT INTO events_fts(rowid, sentence, summary) VALUES (new.id, new.sentence, new.summary);
END;
CREATE TRIGGER events_fts_delete AFTER DELETE ON events BEGIN
  INSERT INTO events_fts(events_fts, rowid, sentence, summary) VALUES ('delete', old.id, old.sentence, old.summary);
END;
CREATE TRIGGER events_fts_update AFTER UPDATE OF sentence, summary ON events
WHEN old.sentence IS NOT new.sentence OR old.summary IS NOT new.summary BEGIN
  INSERT INTO events_fts(events_fts, rowid, sentence, summary) VALUES ('delete', old.id, old.sentence, old.summary);
  INSERT INTO events_fts(rowid, sentence, summary) VALUES (new.id, new.sentence, new.summary);
END;
CREATE TRIGGER events_cjk_insert AFTER INSERT ON events
WHEN new.sentence GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO events_cjk(rowid, sentence) VALUES (new.id, new.sentence);
END;
CREATE TRIGGER events_cjk_delete AFTER DELETE ON events
WHEN old.sentence GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO events_cjk(events_cjk, rowid, sentence) VALUES ('delete', old.id, old.sentence);
END;
CREATE TRIGGER events_cjk_update_old AFTER UPDATE OF sentence ON events
WHEN old.sentence IS NOT new.sentence AND old.sentence GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO events_cjk(events_cjk, rowid, sentence) VALUES ('delete', old.id, old.sentence);
END;
CREATE TRIGGER events_cjk_update_new AFTER UPDATE OF sentence ON events
WHEN old.sentence IS NOT new.sentence AND new.sentence GLOB '*[぀-ヿ㐀-䶿一-鿿가-힣]*' BEGIN
  INSERT INTO events_cjk(rowid, sentence) VALUES (new.id, new.sentence);
END;

-- One view per analyst's question. No joins in them, so that SQLite reads `ORDER BY` and facets from the indexes above
-- and works out the lists of names for the rows of one page only.
CREATE VIEW export_controls AS SELECT
  e.id AS event_id, e.published, e.measure, e.status,
  (SELECT group_concat(c.name, ', ') FROM event_countries l JOIN countries c ON c.id = l.country
    WHERE l.event_id = e.id AND l.role = 'issuer') AS issuer,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  (SELECT group_concat(name, ', ') FROM (
    SELECT c.name FROM event_countries l JOIN countries c ON c.id = l.country
      WHERE l.event_id = e.id AND l.role = 'target'
    UNION ALL SELECT company FROM event_companies WHERE event_id = e.id AND role = 'target')) AS target,
  e.announced, e.effective, e.sentence, e.reference, e.until, e.tonnes, e.rate_pct,
  (SELECT group_concat(code, ', ') FROM event_codes WHERE event_id = e.id) AS codes,
  e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'control_measure';

CREATE VIEW trade_flows AS SELECT
  e.id AS event_id, e.published, e.direction,
  (SELECT group_concat(c.name, ', ') FROM event_countries l JOIN countries c ON c.id = l.country
    WHERE l.event_id = e.id AND l.role = 'origin') AS origin,
  (SELECT group_concat(c.name, ', ') FROM event_countries l JOIN countries c ON c.id = l.country
    WHERE l.event_id = e.id AND l.role = 'destination') AS destination,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  e.tonnes, e.period, e.change_pct, e.share_pct, e.sentence, e.value_low, e.value_high, e.value_currency,
  e.tonnes_low, e.tonnes_high, e.period_start, e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'trade_flow';

CREATE VIEW production AS SELECT
  e.id AS event_id, e.published, e.action, e.activity,
  (SELECT group_concat(name, ', ') FROM (
    SELECT company AS name FROM event_companies WHERE event_id = e.id AND role = 'actor'
    UNION ALL SELECT c.name FROM event_countries l JOIN countries c ON c.id = l.country
      WHERE l.event_id = e.id AND l.role = 'actor')) AS actor,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  (SELECT name FROM countries WHERE id = e.site) AS site,
  e.tonnes, e.period, e.change_pct, e.share_pct, e.sentence,
  e.tonnes_low, e.tonnes_high, e.period_start, e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'production';

CREATE VIEW stockpiles AS SELECT
  e.id AS event_id, e.published, e.action,
  (SELECT group_concat(name, ', ') FROM (
    SELECT c.name FROM event_countries l JOIN countries c ON c.id = l.country
      WHERE l.event_id = e.id AND l.role = 'actor'
    UNION ALL SELECT company FROM event_companies WHERE event_id = e.id AND role = 'actor')) AS actor,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  e.tonnes, e.days, e.period, e.sentence, e.value_low, e.value_high, e.value_currency,
  e.tonnes_low, e.tonnes_high, e.period_start, e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'stockpile';

CREATE VIEW deals AS SELECT
  e.id AS event_id, e.published, e.kind, e.status,
  (SELECT group_concat(name, ', ') FROM (
    SELECT company AS name FROM event_companies WHERE event_id = e.id AND role = 'parties'
    UNION ALL SELECT c.name FROM event_countries l JOIN countries c ON c.id = l.country
      WHERE l.event_id = e.id AND l.role = 'parties')) AS parties,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  e.date, e.value_low, e.value_high, e.value_currency, e.tonnes, e.sentence,
  e.tonnes_low, e.tonnes_high, e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'deal';

CREATE VIEW prices AS SELECT
  e.id AS event_id, e.published,
  (SELECT group_concat(m.name, ', ') FROM event_materials l JOIN materials m ON m.id = l.material
    WHERE l.event_id = e.id) AS materials,
  e.value_low, e.value_high, e.value_currency, e.value_per, e.change_pct, e.period,
  (SELECT name FROM countries WHERE id = e.market) AS market,
  e.sentence, e.period_start, e.confidence,
  (SELECT source FROM documents WHERE id = e.document_id) AS source,
  (SELECT url FROM documents WHERE id = e.document_id) AS url
FROM events e WHERE e.type = 'price';
