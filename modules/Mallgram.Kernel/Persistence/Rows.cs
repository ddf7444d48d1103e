using Npgsql;

namespace Mallgram.Kernel.Persistence;

/// <summary>Columns that may be null.</summary>
public static class Rows
{
    public static string? TextOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
