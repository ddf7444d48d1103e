using System.Security.Cryptography;
using System.Text.Json;

namespace Mallgram.AppHost.Run;

/// <summary>
/// Generated once for a data folder and kept in its secrets.json. Development only: production gets them from its operator.
/// </summary>
internal sealed record Secrets
{
    /// <summary>Superuser of a PostgreSQL that a container runtime starts; a server started here keeps its own.</summary>
    public required string PostgresPassword { get; init; }

    /// <summary>Password of the login <c>&lt;database&gt;_app_login</c>.</summary>
    public required string AppPassword { get; init; }

    /// <summary>Password of the login <c>&lt;database&gt;_platform_login</c>.</summary>
    public required string PlatformPassword { get; init; }

    /// <summary>Signs access tokens, 64 characters.</summary>
    public required string SigningKey { get; init; }

    /// <summary>Signs addresses of images and uploads, 64 characters.</summary>
    public required string FilesSigningKey { get; init; }

    /// <summary>Seals the keys that are kept in the database, 64 characters.</summary>
    public required string MasterKey { get; init; }

    /// <summary>Of the first administrator. MALLGRAM_ADMIN_PASSWORD, when set, replaces what is kept.</summary>
    public required string AdministratorPassword { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public override string ToString() => nameof(Secrets);

    /// <summary>Reads the file; whatever it lacks is generated and written back.</summary>
    /// <exception cref="RunException">The file is not JSON.</exception>
    public static Secrets Open(DataFolder data)
    {
        var known = Read(data);
        string Known(string name) => known.TryGetValue(name, out var value) && value.Length > 0 ? value : Generate(name);
        var secrets = new Secrets
        {
            PostgresPassword = Known("postgres_password"),
            AppPassword = Known("app_password"),
            PlatformPassword = Known("platform_password"),
            SigningKey = Known("signing_key"),
            FilesSigningKey = Known("files_signing_key"),
            MasterKey = Known("master_key"),
            AdministratorPassword = Environment.GetEnvironmentVariable("MALLGRAM_ADMIN_PASSWORD") is { Length: > 0 } given
                ? given
                : Known("administrator_password"),
        };
        if (known.Count < 7 || known["administrator_password"] != secrets.AdministratorPassword)
        {
            DataFolder.WritePrivate(data.SecretsFile, JsonSerializer.SerializeToUtf8Bytes(secrets, Json));
        }
        return secrets;
    }

    private static Dictionary<string, string> Read(DataFolder data)
    {
        if (!File.Exists(data.SecretsFile))
        {
            return new Dictionary<string, string>(StringComparer.Ordinal);
        }
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(data.SecretsFile), Json) ?? [];
        }
        catch (JsonException)
        {
            throw new RunException(
                $"{data.SecretsFile} is not readable JSON. It holds the passwords of the database beside it: restore it.");
        }
    }

    /// <summary>Letters and digits only: the values go into connection strings and shells.</summary>
    private static string Generate(string name) => RandomNumberGenerator.GetString(
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", name switch
        {
            "signing_key" or "files_signing_key" or "master_key" => 64,
            "administrator_password" => 16,
            _ => 40,
        });
}
