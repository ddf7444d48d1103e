using Mallgram.Identity.Codes;
using Mallgram.Kernel.Problems;
using Microsoft.Extensions.Logging;

namespace Mallgram.Identity.Recovery;

/// <summary>Codes that go with something else, which must not fail when they cannot be sent.</summary>
internal sealed partial class AddressCodes(OneTimeCodes codes, ILogger<AddressCodes> logger)
{
    /// <summary>Sends a code unless the limits of its address or a missing channel forbid it; the person can ask for one later.</summary>
    public async Task TrySendAsync(string purpose, string channel, string destination, Guid userId, CancellationToken ct)
    {
        try
        {
            await codes.SendAsync(purpose, channel, destination, userId, ct);
        }
        catch (ProblemException e)
        {
            LogNotSent(purpose, e.Problem.Code);
        }
    }

    [LoggerMessage(LogLevel.Information, "No code for {Purpose}: {Problem}")]
    private partial void LogNotSent(string purpose, string problem);
}
