using Mallgram.Kernel.Persistence;

namespace Mallgram.Kernel.Cleanup;

internal sealed record RowCondition(string Table, string Condition, bool Locks);

/// <summary>Deletes rows of one table. Rows that somebody holds locked are left for the next night.</summary>
internal sealed class RowCleanup(string name, TimeSpan defaultRetention, RowCondition rows, PlatformDataSource platform) : ICleanupTask
{
    private readonly string _delete =
        $"""
        delete from {rows.Table} where ctid = any(array(
            select t.ctid from {rows.Table} t where {rows.Condition} limit $2 {(rows.Locks ? "for update skip locked" : "")}))
        """;

    public string Name => name;

    public TimeSpan DefaultRetention => defaultRetention;

    public async Task<long> RemoveAsync(DateTimeOffset before, int limit, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(_delete);
        command.Parameters.Add(Sql.Time(before));
        command.Parameters.Add(Sql.Int(limit));
        return await command.ExecuteNonQueryAsync(ct);
    }
}
