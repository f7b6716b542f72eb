-- The schema before there were files, as the first release made it.
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
CREATE TABLE read_marks (
    user_id INTEGER NOT NULL,
    conversation BIGINT NOT NULL,
    mid BIGINT NOT NULL,
    PRIMARY KEY (user_id, conversation),
    FOREIGN KEY (user_id) REFERENCES users (id)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
