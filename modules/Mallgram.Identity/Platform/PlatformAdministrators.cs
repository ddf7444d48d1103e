using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace Mallgram.Identity.Platform;

/// <summary>A row of <c>identity.platform_administrators</c>.</summary>
/// <param name="PasswordHash">Null of who was invited and chose none yet.</param>
/// <param name="LockedUntil">After too many wrong passwords; may be in the past.</param>
internal sealed record PlatformAdministrator(
    Guid Id, string Email, string FullName, string? PasswordHash, bool IsActive, DateTimeOffset? LockedUntil, bool HasSecondFactor)
{
    public const string Select =
        """
        select a.id, a.email, a.full_name, a.password_hash, a.status = 'active', a.locked_until,
            exists (select from identity.platform_second_factors f where f.administrator_id = a.id and f.confirmed_at is not null)
        from identity.platform_administrators a

        """;

    public static PlatformAdministrator Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetBoolean(4),
        row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5), row.GetBoolean(6));
}

/// <summary>Finds platform administrators; whether one is still active is known within five seconds.</summary>
internal sealed class PlatformAdministrators(PlatformDataSource platform) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = 1000 });

    /// <returns>Null when there is none or they are disabled.</returns>
    public async ValueTask<PlatformAdministrator?> FindActiveAsync(Guid id, CancellationToken ct)
    {
        if (_known.TryGetValue(id, out PlatformAdministrator? known))
        {
            return known;
        }

        var found = await FindAsync("where a.id = $1 and a.status = 'active'", Sql.Uuid(id), ct);
        return _known.Set(id, found, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Fresh, Size = 1 });
    }

    public Task<PlatformAdministrator?> FindByEmailAsync(string email, CancellationToken ct) =>
        FindAsync("where lower(a.email) = lower($1)", Sql.Text(email), ct);

    /// <summary>As it is at this moment.</summary>
    public Task<PlatformAdministrator?> FindAsync(Guid id, CancellationToken ct) => FindAsync("where a.id = $1", Sql.Uuid(id), ct);

    /// <summary>After a change: this process knows at once, the others within five seconds.</summary>
    public void Forget(Guid id) => _known.Remove(id);

    private async Task<PlatformAdministrator?> FindAsync(string where, NpgsqlParameter parameter, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(PlatformAdministrator.Select + where);
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? PlatformAdministrator.Read(reader) : null;
    }

    public void Dispose() => _known.Dispose();
}
