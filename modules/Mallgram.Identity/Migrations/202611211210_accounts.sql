-- Accounts: bcrypt hashes of imported people are verified by pgcrypto; sessions end with all their refresh tokens.
-- An extension, functions and an index on a table that is empty yet: no long locks. Undo: drop them.

create extension if not exists pgcrypto;

-- Ends one sign-in. Tokens first, as a refresh takes its locks: the other way round the two could wait for each other.
create function identity.end_session(the_store uuid, the_session uuid) returns void language plpgsql as $$
begin
    perform identity.revoke_family(the_store, the_session);
    update identity.sessions set revoked_at = now() where store_id = the_store and id = the_session and revoked_at is null;
end $$;

-- Ends all of a person's sign-ins but one. Families from before there were sessions are ended too.
create function identity.end_sessions(the_store uuid, the_user uuid, kept uuid) returns void language plpgsql as $$
declare
    ended uuid;
begin
    for ended in
        select id from identity.sessions
        where store_id = the_store and user_id = the_user and revoked_at is null and id is distinct from kept
        union
        select family from identity.refresh_tokens
        where store_id = the_store and user_id = the_user and revoked_at is null and family is distinct from kept
    loop
        perform identity.end_session(the_store, ended);
    end loop;
end $$;

-- Whether a password matches a bcrypt hash ($2a$, $2b$, $2y$). They differ in how old libraries had treated long or non-ASCII passwords; the
-- sound versions of all three compute the same, and pgcrypto knows it by the name $2a$. False for what is no such hash.
create function identity.bcrypt_matches(hash text, password text) returns boolean language sql stable as $$
    select case when hash ~ '^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$'
        then crypt(password, '$2a$' || substr(hash, 5, 25)) = '$2a$' || substr(hash, 5)
        else false end
$$;

create index sessions_age on identity.sessions (last_used_at);
