namespace Mallgram.Web.Admin.Api;

/// <param name="Total">Rows of the file; null until it was read through once.</param>
/// <param name="ErrorCounts">Rows by error code.</param>
/// <param name="ErrorRowsKept">Failed rows that are listed and can be downloaded.</param>
/// <param name="ErrorCode">Why the whole file was refused.</param>
internal sealed record BulkImport(
    string Id,
    string FileName,
    string Format,
    string Mode,
    bool DryRun,
    string State,
    int? Total,
    int Processed,
    int Created,
    int Updated,
    int Unchanged,
    int Failed,
    Dictionary<string, int>? ErrorCounts,
    int ErrorRowsKept,
    double? RatePerSecond,
    double? EtaSeconds,
    string? ErrorCode,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt)
{
    public bool IsActive => State is "queued" or "validating" or "running";
}

/// <param name="Row">As a spreadsheet counts: the header is row 1.</param>
internal sealed record BulkError(int Row, string? Column, string Code, string Detail);

/// <param name="Mapping">Column of the file to column of the format; to null: ignored.</param>
/// <param name="Defaults">For empty or absent cells, by column of the format.</param>
internal sealed record BulkImportOptions(
    string Mode, bool DryRun, bool CreateMissingCategories, Dictionary<string, string?> Mapping, Dictionary<string, string> Defaults);
