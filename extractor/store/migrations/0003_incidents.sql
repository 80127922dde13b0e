-- The same event told by many documents is one incident: the slots that most and best of its reports state.
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  summary TEXT NOT NULL,
  first_published TEXT,
  last_published TEXT,
  reports INTEGER NOT NULL,
  confidence REAL NOT NULL,
  slots TEXT NOT NULL,
  conflicts TEXT NOT NULL,
  stale INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX incidents_by_last_published ON incidents(type, last_published);
CREATE INDEX incidents_by_reports ON incidents(type, reports);
CREATE INDEX incidents_stale ON incidents(id) WHERE stale;

ALTER TABLE events ADD COLUMN incident_id INTEGER REFERENCES incidents(id) ON DELETE SET NULL;
CREATE INDEX events_incident_id ON events(incident_id);
CREATE INDEX events_unplaced ON events(id) WHERE incident_id IS NULL;
CREATE INDEX events_by_reference ON events(reference) WHERE reference IS NOT NULL;

-- The events that are in an incident, by what a newcomer is looked up by; material is '' for an event that names none.
CREATE TABLE placed_events (
  type TEXT NOT NULL,
  material TEXT NOT NULL,
  published TEXT NOT NULL,
  event_id INTEGER NOT NULL REFERENCES events(id) ON DELETE CASCADE,
  PRIMARY KEY (type, material, published, event_id)
) WITHOUT ROWID;
CREATE INDEX placed_events_event_id ON placed_events(event_id);

-- What an incident says is worked out anew when one of its reports changes or goes.
CREATE TRIGGER incidents_report_gone AFTER DELETE ON events WHEN old.incident_id IS NOT NULL BEGIN
  UPDATE incidents SET stale = 1 WHERE id = old.incident_id;
END;
CREATE TRIGGER incidents_report_changed AFTER UPDATE OF slots, incident_id ON events
WHEN old.slots IS NOT new.slots OR old.incident_id IS NOT new.incident_id BEGIN
  UPDATE incidents SET stale = 1 WHERE id IN (old.incident_id, new.incident_id);
END;
