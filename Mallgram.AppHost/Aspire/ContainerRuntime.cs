using Mallgram.AppHost.Backing;

namespace Mallgram.AppHost.AspireGlue;

/// <summary>Docker or Podman. With a container in the model and no runtime Aspire would wait for ever, so it is asked first.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    public static async Task<bool> AnswersAsync(CancellationToken ct)
    {
        var chosen = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME");
        foreach (var name in string.IsNullOrEmpty(chosen) ? (string[])["docker", "podman"] : [chosen])
        {
            if (Programs.Find(name) is not { } program)
            {
                continue;
            }
            try
            {
                // Unlike `--version` this needs the daemon.
                if ((await Command.RunAsync([program, "ps", "--quiet"], AnswerLimit, ct)).ExitCode == 0)
                {
                    return true;
                }
            }
            catch (BackingException e)
            {
                Console.WriteLine($"{name} does not answer, so servers of this machine are used: {e.Message}");
            }
        }
        return false;
    }
}
