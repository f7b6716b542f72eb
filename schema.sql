-- One schema for MariaDB/MySQL and SQLite. SQLite skips /*! ... */ as a comment; MySQL executes it.
-- Statements end with a semicolon at the end of a line.
--
-- A conversation has one number: -(group id) for a group, lower_id * 2^31 + higher_id for two users.
-- Times are milliseconds since 1970 UTC. Where a secondary index needs the order of mid, it need not name it:
-- InnoDB appends the primary key to every secondary index, and SQLite the rowid, which mid is.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    applied BIGINT NOT NULL
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

CREATE TABLE users (
    id INTEGER /*! AUTO_INCREMENT */ NOT NULL PRIMARY KEY,
    name VARCHAR(32) NOT NULL,
    password VARCHAR(255) NOT NULL,
    acked BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    UNIQUE (name)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

CREATE TABLE tokens (
    hash BINARY(32) NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    expires BIGINT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_expires ON tokens (expires);

-- Both directions are rows, so that a roster is one range of the primary key.
CREATE TABLE friendships (
    user_id INTEGER NOT NULL,
    friend_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, friend_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (friend_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

CREATE TABLE chat_groups (
    id INTEGER /*! AUTO_INCREMENT */ NOT NULL PRIMARY KEY,
    name VARCHAR(32) NOT NULL,
    owner_id INTEGER NULL,
    size INTEGER NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    UNIQUE (name),
    FOREIGN KEY (owner_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- A membership is an interval of mids: a member receives what is above joined_mid and, once it left, up to left_mid.
-- left_mid 0 means: still a member.
CREATE TABLE members (
    group_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    left_mid BIGINT NOT NULL DEFAULT 0,
    joined_mid BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id, left_mid),
    FOREIGN KEY (group_id) REFERENCES chat_groups (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
CREATE INDEX members_user ON members (user_id, left_mid);

-- No foreign keys here: the journal writes only ids that it was given by tables that have them, and every key
-- would be one more look-up for each message. cid is binary: its comparison must not ignore trailing spaces.
CREATE TABLE messages (
    mid INTEGER NOT NULL PRIMARY KEY,
    conversation BIGINT NOT NULL,
    sender INTEGER NOT NULL,
    recipient INTEGER NULL,
    cid BLOB NULL,
    ts BIGINT NOT NULL,
    body TEXT NOT NULL
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
/*! ALTER TABLE messages MODIFY mid BIGINT NOT NULL, MODIFY cid VARBINARY(256) NULL */;
CREATE INDEX messages_conversation ON messages (conversation);
CREATE INDEX messages_sender ON messages (sender);
CREATE INDEX messages_recipient ON messages (recipient);
CREATE UNIQUE INDEX messages_cid ON messages (sender, cid);

-- What is stored, and not yet a row of messages (chatd/store/staging.py): the rows of a batch as JSON, by the mid of its
-- last message. All of them lie above those in messages.
CREATE TABLE staged (
    mid INTEGER NOT NULL PRIMARY KEY,
    body BLOB NOT NULL
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
/*! ALTER TABLE staged MODIFY mid BIGINT NOT NULL, MODIFY body MEDIUMBLOB NOT NULL */;

-- How far a user has read in a conversation.
CREATE TABLE read_marks (
    user_id INTEGER NOT NULL,
    conversation BIGINT NOT NULL,
    mid BIGINT NOT NULL,
    PRIMARY KEY (user_id, conversation),
    FOREIGN KEY (user_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;

-- Files offered, sent and stored. The bytes are in the data folder, under the id; this row outlives them, so that the
-- history can tell what there was. mid is the offer's message, announced the SHA-256 that the sender has promised, and
-- sha256 that of the bytes that have arrived. state says how far it is (chatbase/files.py); in a state that ends by
-- itself, it does so at expires.
CREATE TABLE files (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    mid BIGINT NULL,
    conversation BIGINT NOT NULL,
    sender INTEGER NULL,
    recipient INTEGER NULL,
    name VARCHAR(255) NOT NULL,
    size BIGINT NOT NULL,
    announced VARCHAR(64) NULL,
    sha256 VARCHAR(64) NULL,
    state VARCHAR(16) NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
CREATE INDEX files_mid ON files (mid);
CREATE INDEX files_sender ON files (sender, state);
CREATE INDEX files_state ON files (state, expires);
