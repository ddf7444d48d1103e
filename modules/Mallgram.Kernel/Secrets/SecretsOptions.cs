using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Mallgram.Kernel.Secrets;

/// <summary>Settings under <c>Secrets</c>.</summary>
internal sealed class SecretsOptions
{
    public const int MinKeyBytes = 32;

    /// <summary>
    /// Seals the Data Protection keys in the database: at least 32 bytes as UTF-8, the same in every process. Without it they are stored
    /// in clear, which Production refuses. Never logged.
    /// </summary>
    public string? MasterKey { get; set; }

    /// <summary>Former values of <see cref="MasterKey"/>: what they sealed is still read, and sealed anew at the next start.</summary>
    public IList<string> OldMasterKeys { get; } = [];

    public override string ToString() => nameof(SecretsOptions);

    public sealed class Validation(IHostEnvironment environment) : IValidateOptions<SecretsOptions>
    {
        public ValidateOptionsResult Validate(string? name, SecretsOptions options)
        {
            if (string.IsNullOrEmpty(options.MasterKey))
            {
                return environment.IsProduction()
                    ? ValidateOptionsResult.Fail("Secrets:MasterKey is not set. It seals the keys that are kept in the database.")
                    : ValidateOptionsResult.Success;
            }

            return options.OldMasterKeys.Where(k => k.Length > 0).Append(options.MasterKey).All(k => Encoding.UTF8.GetByteCount(k) >= MinKeyBytes)
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail($"Secrets:MasterKey and Secrets:OldMasterKeys need at least {MinKeyBytes} bytes each.");
        }
    }
}
