using System.Text.Json;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Kernel.Privacy;

/// <summary>A person whose data is asked for or erased.</summary>
/// <param name="Email">Only when proven to be theirs: what a guest left under it is theirs too. Lower case.</param>
/// <param name="Phone">Only when proven; E.164.</param>
public sealed record DataSubject(Guid UserId, string? Email, string? Phone);

/// <summary>
/// What a module keeps about people of the scope's store (POPIA sections 23 and 24, GDPR articles 15 and 17). Every module that stores names,
/// addresses, phone numbers or e-mail addresses registers one.
/// </summary>
public interface IPersonalData
{
    /// <summary>Member of the export, snake_case.</summary>
    string Name { get; }

    Task<long> CountAsync(DataSubject person, CancellationToken ct);

    /// <summary>Everything kept about the person, in the words of the database, without secrets and hashes.</summary>
    Task<JsonElement> ExportAsync(DataSubject person, CancellationToken ct);

    /// <summary>
    /// Deletes what nothing obliges us to keep; what must be kept (orders, payments) loses name, phone, e-mail and street. Safe to repeat.
    /// </summary>
    Task EraseAsync(DataSubject person, StoreTransaction transaction, CancellationToken ct);
}

public static class PersonalDataSql
{
    /// <summary>Runs one statement whose first column is JSON.</summary>
    public static async Task<JsonElement> ReadJsonAsync(this StoreDatabase database, Npgsql.NpgsqlBatchCommand command, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, command);
        await answer.Rows.ReadAsync(ct);
        return JsonElement.Parse(answer.Rows.GetString(0));
    }

    /// <summary>Runs one statement that counts.</summary>
    public static async Task<long> ReadCountAsync(this StoreDatabase database, Npgsql.NpgsqlBatchCommand command, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, command);
        await answer.Rows.ReadAsync(ct);
        return answer.Rows.GetInt64(0);
    }
}
