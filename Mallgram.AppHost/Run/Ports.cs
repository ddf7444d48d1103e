namespace Mallgram.AppHost.Run;

/// <summary>The fixed ports of a copy, all on 127.0.0.1.</summary>
internal sealed record Ports(int Offset)
{
    public int Smtp => 5025 + Offset;

    public int StatusPage => 5060 + Offset;

    public int Sandbox => 5070 + Offset;

    public int Api => 5080 + Offset;

    public int Admin => 5090 + Offset;
}
