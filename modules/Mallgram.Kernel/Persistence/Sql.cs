using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Kernel.Persistence;

/// <summary>Typed positional parameters for <see cref="NpgsqlBatchCommand"/>: no boxing of common types, no type guessing by the server.</summary>
public static class Sql
{
    /// <param name="text">SQL with <c>$1</c>, <c>$2</c>… placeholders.</param>
    /// <param name="parameters">Made by the functions below.</param>
    public static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static NpgsqlParameter Uuid(Guid value) => new NpgsqlParameter<Guid> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Uuid };

    public static NpgsqlParameter Uuid(Guid? value) => value is { } id ? Uuid(id) : Null(NpgsqlDbType.Uuid);

    public static NpgsqlParameter Text(string? value) => value is null
        ? Null(NpgsqlDbType.Text)
        : new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter Json(string? value) => value is null
        ? Null(NpgsqlDbType.Jsonb)
        : new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Jsonb };

    public static NpgsqlParameter Int(int value) => new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter Int(int? value) => value is { } number ? Int(number) : Null(NpgsqlDbType.Integer);

    public static NpgsqlParameter Long(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Long(long? value) => value is { } number ? Long(number) : Null(NpgsqlDbType.Bigint);

    public static NpgsqlParameter Bool(bool value) => new NpgsqlParameter<bool> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Boolean };

    public static NpgsqlParameter Bool(bool? value) => value is { } flag ? Bool(flag) : Null(NpgsqlDbType.Boolean);

    public static NpgsqlParameter Decimal(decimal? value) => value is { } number
        ? new NpgsqlParameter<decimal> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Numeric }
        : Null(NpgsqlDbType.Numeric);

    /// <param name="value">UTC.</param>
    public static NpgsqlParameter Time(DateTimeOffset? value) => value is { } time
        ? new NpgsqlParameter<DateTime> { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz }
        : Null(NpgsqlDbType.TimestampTz);

    public static NpgsqlParameter Bytes(byte[]? value) => value is null
        ? Null(NpgsqlDbType.Bytea)
        : new NpgsqlParameter<byte[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea };

    public static NpgsqlParameter Uuids(Guid[] value) =>
        new NpgsqlParameter<Guid[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

    public static NpgsqlParameter Uuids(Guid?[] value) =>
        new NpgsqlParameter<Guid?[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

    public static NpgsqlParameter Texts(string[] value) =>
        new NpgsqlParameter<string[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static NpgsqlParameter Ints(int[] value) =>
        new NpgsqlParameter<int[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };

    public static NpgsqlParameter Longs(long[] value) =>
        new NpgsqlParameter<long[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter Null(NpgsqlDbType type) => new() { Value = DBNull.Value, NpgsqlDbType = type };
}
