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

/// <summary>Makes sure that the configured person owns each preset store and can sign in with the configured password.</summary>
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
                insert into identity.users (store_id, id, email, full_name, password_hash, language, role)
                select $1, $2, $3, 'Administrator', $4, language, $5 from stores.stores where id = $1
                on conflict (store_id, lower(email)) do update set password_hash = excluded.password_hash
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
