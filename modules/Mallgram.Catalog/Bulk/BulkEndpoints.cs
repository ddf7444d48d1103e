using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Catalog.Bulk;

/// <param name="FileId">An uploaded file of the purpose <c>product_import</c>.</param>
/// <param name="Format"><c>csv</c> or <c>ndjson</c>; by the file when absent.</param>
/// <param name="Mode"><c>upsert</c> (default), <c>create_only</c> or <c>update_only</c>.</param>
/// <param name="DryRun">Everything is checked and counted, nothing written.</param>
/// <param name="Mapping">Column of the file to column of the format; to null: ignored.</param>
/// <param name="Defaults">For empty or absent cells, by column of the format.</param>
internal sealed record BulkImportRequest(
    string? FileId,
    string? Format,
    string? Mode,
    bool? DryRun,
    bool? CreateMissingCategories,
    Dictionary<string, string?>? Mapping,
    Dictionary<string, string>? Defaults);

/// <param name="Total">Rows of the file; null until it was read through once.</param>
/// <param name="Processed">= created + updated + unchanged + failed.</param>
/// <param name="ErrorCounts">Rows by error code.</param>
/// <param name="ErrorRowsKept">Failed rows that <c>/errors</c> lists: the first 10,000.</param>
/// <param name="ErrorCode">Why the whole file was refused.</param>
internal sealed record BulkImportView(
    string Id,
    string FileId,
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
    IReadOnlyDictionary<string, int> ErrorCounts,
    int ErrorRowsKept,
    double? RatePerSecond,
    double? EtaSeconds,
    string? ErrorCode,
    string? Error,
    string RequestedBy,
    DateTime CreatedAt,
    DateTime? StartedAt,
    DateTime UpdatedAt,
    DateTime? FinishedAt);

internal sealed record BulkImportPage(IReadOnlyList<BulkImportView> Data, string? NextCursor);

/// <param name="Row">As a spreadsheet counts: the header is row 1; in NDJSON the line.</param>
internal sealed record BulkErrorView(int Row, string? Column, string Code, string Detail);

internal sealed record BulkErrorPage(IReadOnlyList<BulkErrorView> Data, string? NextCursor);

internal static class BulkEndpoints
{
    private const long MaxBody = 200L * 1024 * 1024;

    private const string Columns =
        """
        id, file_id, file_name, format, mode, dry_run, state, total, processed, created, updated, unchanged, failed, error_counts, stored_rows,
        error_code, error, error_fr, requested_by, created_at, started_at, updated_at, finished_at
        """;

    private static readonly ProblemCode NotFound = new("bulk_import_not_found", 404,
        "This store has no such import.", "Cette boutique n'a pas cet import.");

    private static readonly ProblemCode Finished = new("bulk_import_finished", 409,
        "The import is over already.", "L'import est déjà terminé.");

    private static readonly ProblemCode BadFile = new("bulk_file_invalid", 422, "{0}", "{1}");

    private static readonly ProblemCode MediaType = new("unsupported_media_type", 415,
        "Send JSON that names a file, or the file itself as text/csv or application/x-ndjson.",
        "Envoyez du JSON qui nomme un fichier, ou le fichier lui-même en text/csv ou application/x-ndjson.");

    public static void MapBulk(this IEndpointRouteBuilder admin)
    {
        var imports = admin.MapGroup("/bulk-imports").WithTags("Admin: import and export");
        imports.MapPost("", CreateAsync).RequirePermission(Permissions.ProductsWrite).WithName("CreateBulkImport")
            .WithSummary("Import products from an uploaded file, or from the body (text/csv, application/x-ndjson; options in the query)")
            .Accepts<BulkImportRequest>("application/json", "text/csv", "application/x-ndjson")
            .Produces<BulkImportView>(202).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422);
        imports.MapGet("", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListBulkImports").WithSummary("Imports, newest first")
            .Produces<BulkImportPage>().ProducesProblem(400).ProducesProblem(422);
        imports.MapGet("/{id}", FindAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("GetBulkImport").WithSummary("An import with its progress")
            .Produces<BulkImportView>().ProducesProblem(404);
        imports.MapGet("/{id}/errors", ErrorsAsync).RequirePermission(Permissions.ProductsRead).WithName("ListBulkImportErrors")
            .WithSummary("What was wrong with which row; format=csv or ndjson gives the failed rows back, with the error beside them")
            .Produces<BulkErrorPage>().ProducesProblem(404).ProducesProblem(422);
        imports.MapPost("/{id}/cancel", CancelAsync)
            .RequirePermission(Permissions.ProductsWrite).WithName("CancelBulkImport").WithSummary("End an import; what is done stays")
            .Produces<BulkImportView>().ProducesProblem(404).ProducesProblem(409);
        admin.MapGet("/products/export", ExportAsync).WithTags("Admin: import and export")
            .RequirePermission(Permissions.ProductsRead).WithName("ExportProducts")
            .WithSummary("Stream products in the columns that an import reads").Produces(200, contentType: "text/csv").ProducesProblem(422);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, BulkImports imports, IFiles files, JobRuns runs, StoreDatabase database, StoreScope scope, TimeProvider clock,
        CancellationToken ct)
    {
        var staff = context.User.FindFirst("sub")?.Value ?? "staff";
        var mediaType = context.Request.GetTypedHeaders().ContentType?.MediaType.Value?.ToLowerInvariant();
        BulkImportRequest request;
        StoredFile file;
        string format;
        if (context.Request.HasJsonContentType())
        {
            request = (await JsonBody<BulkImportRequest>.BindAsync(context)).Value;
            Check(request);
            file = PublicId.TryParse(PublicId.File, request.FileId, out var fileId)
                && await files.FindAsync(fileId, ct) is { Purpose: FilePurposes.ProductImport } found ? found : throw NoFile();
            format = request.Format ?? (file.ContentType == "application/x-ndjson" ? BulkFile.NdJson : BulkFile.Csv);
        }
        else if (mediaType is "text/csv" or "application/x-ndjson" or "application/ndjson")
        {
            request = FromQuery(context.Request.Query);
            Check(request);
            format = mediaType == "text/csv" ? BulkFile.Csv : BulkFile.NdJson;
            file = await SaveBodyAsync(context, files, format, clock, ct);
        }
        else
        {
            throw new ProblemException(MediaType);
        }

        var id = await imports.CreateAsync(
            file, format, request.Mode ?? BulkModes.Upsert, request.DryRun ?? false,
            new BulkOptions(
                (request.Mapping ?? []).ToDictionary(m => m.Key.Trim(), m => m.Value, StringComparer.Ordinal),
                (request.Defaults ?? []).ToDictionary(d => BulkColumns.Canonical(d.Key), d => d.Value, StringComparer.Ordinal),
                request.CreateMissingCategories ?? false),
            staff, ct);
        await runs.RequestAsync(BulkImportJob.Name, staff, ct);
        var view = await ReadAsync(id, database, scope, clock, ct);
        return TypedResults.Accepted($"/api/v1/admin/bulk-imports/{view.Id}", view);
    }

    private static async Task<StoredFile> SaveBodyAsync(HttpContext context, IFiles files, string format, TimeProvider clock, CancellationToken ct)
    {
        if (context.Request.ContentLength > MaxBody)
        {
            throw new ProblemException(CommonProblems.BodyTooLarge, MaxBody);
        }

        // The server's own limit is for JSON.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBody;
        }

        try
        {
            await using var utf8 = new Utf8Input(context.Request.Body);
            var name = string.Create(CultureInfo.InvariantCulture, $"import-{clock.GetUtcNow():yyyyMMdd-HHmmss}.{format}");
            return await files.SaveAsync(name, FilePurposes.ProductImport, utf8, ct);
        }
        catch (BulkFileException e)
        {
            throw new ProblemException(BadFile, e.Text.English, e.Text.French);
        }
        catch (ArgumentException e) when (e.ParamName == "content")
        {
            throw new ProblemException(BadFile, "The body is empty or no text that can be imported.", "Le corps est vide ou n'est pas un texte importable.");
        }
    }

    private static BulkImportRequest FromQuery(IQueryCollection query)
    {
        var errors = new FieldErrors();
        bool? Flag(string name)
        {
            if (query[name].FirstOrDefault() is not { Length: > 0 } text)
            {
                return null;
            }

            if (text is not ("true" or "false"))
            {
                errors.Add(name, "must be true or false", "doit être true ou false");
            }

            return text == "true";
        }

        T? Json<T>(string name)
            where T : class
        {
            try
            {
                return query[name].FirstOrDefault() is { Length: > 0 } text ? JsonSerializer.Deserialize<T>(text, MallgramJson.Options) : null;
            }
            catch (JsonException)
            {
                errors.Add(name, "must be a JSON object of texts", "doit être un objet JSON de textes");
                return null;
            }
        }

        var request = new BulkImportRequest(
            null, null, query["mode"].FirstOrDefault(), Flag("dry_run"), Flag("create_missing_categories"),
            Json<Dictionary<string, string?>>("mapping"), Json<Dictionary<string, string>>("defaults"));
        errors.ThrowIfAny();
        return request;
    }

    private static void Check(BulkImportRequest request)
    {
        var errors = new FieldErrors();
        if (request.Format is not (null or BulkFile.Csv or BulkFile.NdJson))
        {
            errors.Add("format", "must be csv or ndjson", "doit être csv ou ndjson");
        }

        if (request.Mode is { } mode && !BulkModes.IsKnown(mode))
        {
            errors.Add("mode", "must be upsert, create_only or update_only", "doit être upsert, create_only ou update_only");
        }

        foreach (var (column, target) in request.Mapping ?? [])
        {
            if (!string.IsNullOrWhiteSpace(target) && !BulkColumns.IsKnown(BulkColumns.Canonical(target)))
            {
                errors.Add("mapping." + column, "is no column of the format", "n'est pas une colonne du format");
            }
        }

        foreach (var (column, cell) in request.Defaults ?? [])
        {
            if (!BulkColumns.IsKnown(BulkColumns.Canonical(column)) || string.IsNullOrWhiteSpace(cell)
                || BulkColumns.Canonical(column) is BulkColumns.Id or BulkColumns.Sku or BulkColumns.ExternalId)
            {
                errors.Add("defaults." + column, "is no column that can have a default, or has no text",
                    "n'est pas une colonne qui puisse avoir une valeur par défaut, ou n'a pas de texte");
            }
        }

        errors.ThrowIfAny();
    }

    private static ProblemException NoFile()
    {
        var errors = new FieldErrors();
        errors.Add("file_id", "is no uploaded file of the purpose product_import", "n'est pas un fichier envoyé pour product_import");
        return new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
    }

    private static async Task<BulkImportPage> ListAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        var count = Limit(limit);
        Guid? before = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            before = PublicId.TryParse(BulkImports.IdPrefix, cursor, out var last) ? last : throw new ProblemException(CommonProblems.CursorInvalid);
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from catalog.bulk_imports where $1::uuid is null or id < $1 order by id desc limit $2", Sql.Uuid(before), Sql.Int(count + 1)));
        var rows = new List<BulkImportView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            rows.Add(Read(reader.Rows, scope.Language, clock));
        }

        return rows.Count > count ? new BulkImportPage(rows[..count], rows[count - 1].Id) : new BulkImportPage(rows, NextCursor: null);
    }

    private static Task<BulkImportView> FindAsync(string id, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct) =>
        ReadAsync(Parse(id), database, scope, clock, ct);

    private static async Task<BulkImportView> CancelAsync(
        string id, BulkImports imports, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        if (!await imports.CancelAsync(Parse(id), ct))
        {
            await ReadAsync(Parse(id), database, scope, clock, ct);
            throw new ProblemException(Finished);
        }

        return await ReadAsync(Parse(id), database, scope, clock, ct);
    }

    private static async Task<IResult> ErrorsAsync(
        string id, [FromQuery] string? format, [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, StoreScope scope,
        CancellationToken ct)
    {
        var import = Parse(id);
        string importFormat;
        string[]? header;
        await using (var found = await database.QueryAsync(
            ct, Sql.Command("select format, header from catalog.bulk_imports where id = $1", Sql.Uuid(import))))
        {
            if (!await found.Rows.ReadAsync(ct))
            {
                throw new ProblemException(NotFound);
            }

            importFormat = found.Rows.GetString(0);
            header = found.Rows.IsDBNull(1) ? null : found.Rows.GetFieldValue<string[]>(1);
        }

        if (!string.IsNullOrEmpty(format))
        {
            if (format != importFormat)
            {
                var errors = new FieldErrors();
                errors.Add("format", $"must be {importFormat}, as the file was", $"doit être {importFormat}, comme le fichier");
                errors.ThrowIfAny();
            }

            var language = scope.Language;
            return TypedResults.Stream(
                output => WriteFailedAsync(import, header, language, database, output, ct),
                format == BulkFile.Csv ? "text/csv; charset=utf-8" : "application/x-ndjson", $"{id}-errors.{format}");
        }

        var count = Limit(limit);
        var (row, number) = (0, 0);
        if (!string.IsNullOrEmpty(cursor))
        {
            var parts = cursor.Split('-');
            if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out row)
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out number))
            {
                throw new ProblemException(CommonProblems.CursorInvalid);
            }
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            select row, number, column_name, code, {(scope.Language == "fr" ? "detail_fr" : "detail")} from catalog.bulk_import_errors
            where import_id = $1 and (row, number) > ($2, $3) order by row, number limit $4
            """,
            Sql.Uuid(import), Sql.Int(row), Sql.Int(number), Sql.Int(count + 1)));
        var rows = new List<(int Number, BulkErrorView View)>();
        while (await reader.Rows.ReadAsync(ct))
        {
            rows.Add((reader.Rows.GetInt32(1), new BulkErrorView(
                reader.Rows.GetInt32(0), reader.Rows.IsDBNull(2) ? null : reader.Rows.GetString(2), reader.Rows.GetString(3), reader.Rows.GetString(4))));
        }

        return TypedResults.Ok(new BulkErrorPage(
            [.. rows.Take(count).Select(r => r.View)],
            rows.Count > count ? string.Create(CultureInfo.InvariantCulture, $"{rows[count - 1].View.Row}-{rows[count - 1].Number}") : null));
    }

    /// <summary>The failed rows as they were sent, each with what was wrong: to mend and to send again.</summary>
    private static async Task WriteFailedAsync(
        Guid import, string[]? header, string language, StoreDatabase database, Stream output, CancellationToken ct)
    {
        await using var csv = header is null ? null : CsvWriter.Create(output, new CsvWriterOptions { WriteByteOrderMark = true }, leaveOpen: true);
        if (csv is not null)
        {
            foreach (var column in header!.Where(c => BulkColumns.Canonical(c) != BulkColumns.Error).Append(BulkColumns.Error))
            {
                csv.WriteField(column);
            }

            await csv.EndRecordAsync(ct);
        }

        var after = 0;
        while (true)
        {
            var page = new List<(int Row, string Raw, string Error)>();
            await using (var reader = await database.QueryAsync(ct, Sql.Command(
                $"""
                select row, max(raw), string_agg(coalesce(column_name || ' ', '') || {(language == "fr" ? "detail_fr" : "detail")}, '; ' order by number)
                from catalog.bulk_import_errors where import_id = $1 and row > $2 group by row order by row limit 200
                """,
                Sql.Uuid(import), Sql.Int(after))))
            {
                while (await reader.Rows.ReadAsync(ct))
                {
                    page.Add((reader.Rows.GetInt32(0), reader.Rows.GetString(1), reader.Rows.GetString(2)));
                }
            }

            if (page.Count == 0)
            {
                break;
            }

            foreach (var (row, raw, error) in page)
            {
                after = row;
                if (csv is null)
                {
                    await output.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { row, error, line = raw }, MallgramJson.Options), ct);
                    await output.WriteAsync("\n"u8.ToArray(), ct);
                    continue;
                }

                var cells = JsonSerializer.Deserialize<string[]>(raw, MallgramJson.Options)!;
                for (var i = 0; i < header!.Length; i++)
                {
                    if (BulkColumns.Canonical(header[i]) != BulkColumns.Error)
                    {
                        csv.WriteField(BulkCell.Guard(BulkCell.Unguard(i < cells.Length ? cells[i] : "")));
                    }
                }

                csv.WriteField(error);
                await csv.EndRecordAsync(ct);
            }
        }

        if (csv is not null)
        {
            await csv.FlushAsync(ct);
        }
    }

    private static IResult ExportAsync(
        HttpContext context, [FromQuery] string? format, [FromQuery] string? category, [FromQuery] string? status, [FromQuery] string? supplier,
        [FromQuery] string? q, BulkExport export, CurrentStore store, TimeProvider clock)
    {
        var errors = new FieldErrors();
        var chosen = string.IsNullOrEmpty(format) ? BulkFile.Csv : format;
        if (chosen is not (BulkFile.Csv or BulkFile.NdJson))
        {
            errors.Add("format", "must be csv or ndjson", "doit être csv ou ndjson");
        }

        if (!string.IsNullOrEmpty(status) && status is not ("active" or "hidden"))
        {
            errors.Add("status", "must be active or hidden", "doit être active ou hidden");
        }

        foreach (var (name, text) in new[] { ("category", category), ("supplier", supplier), ("q", q) })
        {
            errors.AtMost(text, name, 200);
            if (text?.Contains('\0', StringComparison.Ordinal) == true)
            {
                errors.Add(name, "has characters that are not allowed", "a des caractères non admis");
            }
        }

        errors.ThrowIfAny();
        static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
        var filter = new ExportFilter(Given(category), Given(status), Given(supplier), Given(q));
        var ct = context.RequestAborted;
        return TypedResults.Stream(
            output => export.WriteAsync(filter, chosen, store.Store.Currency, output, ct),
            chosen == BulkFile.Csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
            string.Create(CultureInfo.InvariantCulture, $"{store.Store.Slug}-products-{clock.GetUtcNow():yyyy-MM-dd}.{chosen}"));
    }

    private static async Task<BulkImportView> ReadAsync(Guid id, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command($"select {Columns} from catalog.bulk_imports where id = $1", Sql.Uuid(id)));
        return await reader.Rows.ReadAsync(ct) ? Read(reader.Rows, scope.Language, clock) : throw new ProblemException(NotFound);
    }

    private static BulkImportView Read(NpgsqlDataReader row, string language, TimeProvider clock)
    {
        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        DateTime? Time(int column) => row.IsDBNull(column) ? null : row.GetDateTime(column);
        int? total = row.IsDBNull(7) ? null : row.GetInt32(7);
        var (state, processed, startedAt, finishedAt) = (row.GetString(6), row.GetInt32(8), Time(20), Time(22));
        double? rate = startedAt is { } start && ((finishedAt ?? clock.GetUtcNow().UtcDateTime) - start).TotalSeconds is > 0 and var seconds
            ? Math.Round(processed / seconds, 1)
            : null;
        return new BulkImportView(
            PublicId.Format(BulkImports.IdPrefix, row.GetGuid(0)), PublicId.Format(PublicId.File, row.GetGuid(1)), row.GetString(2), row.GetString(3),
            row.GetString(4), row.GetBoolean(5), state, total, processed, row.GetInt32(9), row.GetInt32(10), row.GetInt32(11), row.GetInt32(12),
            JsonSerializer.Deserialize<Dictionary<string, int>>(row.GetString(13), MallgramJson.Options)!, row.GetInt32(14), rate,
            state == BulkStates.Running && rate > 0 ? Math.Round(Math.Max(0, (total ?? 0) - processed) / rate.Value, 1) : null,
            Text(15), language == "fr" ? Text(17) : Text(16), row.GetString(18), row.GetDateTime(19), startedAt, row.GetDateTime(21), finishedAt);
    }

    private static Guid Parse(string id) => PublicId.TryParse(BulkImports.IdPrefix, id, out var parsed) ? parsed : throw new ProblemException(NotFound);

    private static int Limit(string? limit)
    {
        if (string.IsNullOrEmpty(limit))
        {
            return 24;
        }

        if (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        return number;
    }
}
