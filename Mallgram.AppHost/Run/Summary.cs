namespace Mallgram.AppHost.Run;

/// <summary>What a person wants to know once it runs.</summary>
internal static class Summary
{
    /// <summary>Development only; the API creates this account at the first start.</summary>
    public const string AdministratorEmail = "admin@mallgram.test";

    public static void Write(TextWriter to, RunRecord record, DataFolder data, CommandLine line)
    {
        WriteResources(to, record);
        var ports = new Ports(record.PortOffset);
        var password = Secrets.Open(data).AdministratorPassword;
        to.WriteLine();
        to.WriteLine($"  API            http://127.0.0.1:{ports.Api}");
        to.WriteLine($"  Admin          http://127.0.0.1:{ports.Admin}    {AdministratorEmail}  {password}");
        to.WriteLine($"  Sent mail      http://127.0.0.1:{ports.Sandbox}/mailbox");
        if (record.Engine == "local")
        {
            to.WriteLine($"  Status page    http://127.0.0.1:{ports.StatusPage}");
        }
        else
        {
            to.WriteLine($"  Dashboard      http://localhost:{ports.StatusPage}");
        }
        to.WriteLine($"  Logs           {data.Logs}");
        to.WriteLine();
        to.WriteLine(line.Detach ? "`mallgram down` stops it." : "Ctrl-C stops everything.");
    }

    public static void WriteResources(TextWriter to, RunRecord record)
    {
        foreach (var resource in record.Resources)
        {
            Row(to, resource.Name, resource.State, resource.Url, resource.Pid, resource.Detail);
            foreach (var replica in resource.Replicas ?? [])
            {
                Row(to, "  " + replica.Name, replica.State, replica.Url, replica.Pid, null);
            }
        }
    }

    private static void Row(TextWriter to, string name, ResourceState state, string? url, int? pid, string? detail) =>
        to.WriteLine($"  {name,-14} {RunRecord.Word(state),-10} {url,-26} {pid,8}  {detail}".TrimEnd());
}
