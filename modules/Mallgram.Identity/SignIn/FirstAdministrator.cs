using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Migrations;
using Mallgram.Kernel.Persistence;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Mallgram.Identity.SignIn;

/// <summary>Settings under <c>Identity:FirstAdministrator</c>. Without both, none is created.</summary>
internal sealed class FirstAdministratorOptions
{
    public string Email { get; set; } = "";

    /// <summary>Never logged.</summary>
    public string Password { get; set; } = "";
}

/// <summary>
/// Makes sure that the configured person owns each preset store, administers the platform, and can sign in with the configured password.
/// </summary>
internal sealed partial class FirstAdministrator(
    IOptions<FirstAdministratorOptions> options, Passwords passwords, TimeProvider clock, ILogger<FirstAdministrator> logger) : ISeed
{
    public async Task SeedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var (email, password) = (options.Value.Email.Trim(), options.Value.Password);
        if (email.Length == 0 || password.Length == 0)
        {
            return;
        }

        foreach (var (storeId, slug, hash) in await ReadPresetsAsync(connection, email, ct))
        {
            if (hash is not null && passwords.Verify(hash, password) != PasswordVerificationResult.Failed)
            {
                continue;
            }

            await using var command = new NpgsqlCommand(
                """
                insert into identity.users (store_id, id, email, full_name, password_hash, language, role, email_verified_at)
                select $1, $2, $3, 'Administrator', $4, language, $5, now() from stores.stores where id = $1
                on conflict (store_id, lower(email)) do update set password_hash = excluded.password_hash,
                    email_verified_at = coalesce(users.email_verified_at, excluded.email_verified_at)
                """,
                connection);
            command.Parameters.Add(Sql.Uuid(storeId));
            command.Parameters.Add(Sql.Uuid(PublicId.New(clock)));
            command.Parameters.Add(Sql.Text(email));
            command.Parameters.Add(Sql.Text(passwords.Hash(password)));
            command.Parameters.Add(Sql.Text(Roles.Owner));
            await command.ExecuteNonQueryAsync(ct);
            LogEnsured(slug);
        }

        await EnsurePlatformAsync(connection, email, password, ct);
    }

    private async Task EnsurePlatformAsync(NpgsqlConnection connection, string email, string password, CancellationToken ct)
    {
        await using var read = new NpgsqlCommand(
            "select password_hash from identity.platform_administrators where lower(email) = lower($1)", connection);
        read.Parameters.Add(Sql.Text(email));
        if (await read.ExecuteScalarAsync(ct) is string hash && passwords.Verify(hash, password) != PasswordVerificationResult.Failed)
        {
            return;
        }

        await using var command = new NpgsqlCommand(
            """
            insert into identity.platform_administrators (id, email, full_name, password_hash) values ($1, $2, 'Administrator', $3)
            on conflict (lower(email)) do update set password_hash = excluded.password_hash, failed_attempts = 0, locked_until = null,
                status = case platform_administrators.status when 'invited' then 'active' else platform_administrators.status end,
                invitation_hash = null, invitation_expires_at = null
            """,
            connection);
        command.Parameters.Add(Sql.Uuid(PublicId.New(clock)));
        command.Parameters.Add(Sql.Text(email));
        command.Parameters.Add(Sql.Text(passwords.Hash(password)));
        await command.ExecuteNonQueryAsync(ct);
        LogEnsured("the platform");
    }

    private static async Task<List<(Guid StoreId, string Slug, string? Hash)>> ReadPresetsAsync(
        NpgsqlConnection connection, string email, CancellationToken ct)
    {
        // The stores that ship carry their preset's name; a store made from a preset later has a slug and owners of its own.
        await using var command = new NpgsqlCommand(
            """
            select s.id, s.slug, u.password_hash from stores.stores s
            left join identity.users u on u.store_id = s.id and lower(u.email) = lower($1)
            where s.slug = s.preset order by s.slug
            """,
            connection);
        command.Parameters.Add(Sql.Text(email));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var stores = new List<(Guid, string, string?)>();
        while (await reader.ReadAsync(ct))
        {
            stores.Add((reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2)));
        }

        return stores;
    }

    [LoggerMessage(LogLevel.Information, "The first administrator of {Store} has the configured password")]
    private partial void LogEnsured(string store);
}
