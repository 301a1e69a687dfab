-- The event log.  One file, one writer.  Rows of `events` are never changed, but that a payload can be
-- erased for good, which leaves its digest: the triggers refuse the rest.

CREATE TABLE log (
    -- One row: what this file is.
    format INTEGER NOT NULL,
    log_id TEXT NOT NULL,
    created_at INTEGER NOT NULL          -- microseconds since 1970, UTC
) STRICT;

CREATE TABLE streams (
    stream_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE actors (
    actor_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES streams,
    version INTEGER,                     -- among the checked events of the stream, from 1
    recorded_at INTEGER NOT NULL,        -- microseconds since 1970, UTC
    actor_id INTEGER NOT NULL REFERENCES actors,
    payload BLOB,                        -- msgpack; NULL once erased
    payload_digest BLOB,                 -- only once erased: until then it follows from the payload
    digest BLOB NOT NULL                 -- SHA-256 over forerunner, header and payload digest
) STRICT;

CREATE INDEX events_of_stream ON events (stream_id);

CREATE UNIQUE INDEX events_checked ON events (stream_id, version) WHERE version IS NOT NULL;

CREATE TRIGGER events_are_only_erased BEFORE UPDATE ON events
WHEN OLD.payload IS NULL OR NEW.payload IS NOT NULL
    OR OLD.payload_digest IS NOT NULL OR length(NEW.payload_digest) IS NOT 32
    OR NEW.position IS NOT OLD.position OR NEW.stream_id IS NOT OLD.stream_id
    OR NEW.version IS NOT OLD.version OR NEW.recorded_at IS NOT OLD.recorded_at
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.digest IS NOT OLD.digest
BEGIN
    SELECT RAISE(ABORT, 'events are never changed: append a new event instead');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted: append a new event instead');
END;
