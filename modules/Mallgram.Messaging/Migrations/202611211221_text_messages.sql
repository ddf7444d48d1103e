-- Messaging: text messages beside mails; they have neither a subject nor a Message-ID.
-- Swaps one check constraint and drops two "not null": short locks, one look at each row. Undo: delete the rows of channel 'sms', then
-- put the constraint and both "not null" back.

alter table messaging.messages
    drop constraint messages_channel_check,
    add constraint messages_channel_check check (channel in ('email', 'sms')),
    alter column subject drop not null,
    alter column message_id drop not null,
    add constraint messages_of_mail check (channel <> 'email' or (subject is not null and message_id is not null));
