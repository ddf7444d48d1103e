-- Messaging: what was sent to whom because of which event. New table only: no long locks. Undo: drop schema messaging cascade.

create schema messaging;
grant usage on schema messaging to mallgram_app, mallgram_platform;

create table messaging.messages (
    store_id   uuid        not null references stores.stores (id),
    id         uuid        not null,
    event_id   uuid        not null,                          -- kernel.outbox.id
    template   text        not null,
    channel    text        not null check (channel in ('email')),
    recipient  text        not null,
    language   text        not null check (language in ('en', 'fr')),
    subject    text        not null,
    message_id text        not null,                          -- RFC 5322 Message-ID; the same however often delivery is tried
    status     text        not null default 'sending' check (status in ('sending', 'sent', 'refused')),
    error      text,
    created_at timestamptz not null default now(),
    sent_at    timestamptz,
    primary key (store_id, id),
    unique (store_id, event_id, template, channel)            -- one message an event, whatever is repeated
);
call kernel.wall_off('messaging.messages');
